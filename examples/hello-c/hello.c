// Greets, without any library. The arguments are one JSON object on standard input, the result is the last line of
// standard output, and standard error is the log.
#include <stdio.h>
#include <string.h>

// Returns the position after the string literal that starts at `at`.
static const char *after_string(const char *at) {
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0') at++;
    }
    return *at == '"' ? at + 1 : at;
}

// Finds the member `name` of the object: its string value, including the quotes. NULL: it is missing or not a string.
static const char *string_member(const char *json, const char *name) {
    size_t length = strlen(name);
    int depth = 0;
    while (*json != '\0') {
        if (*json == '{' || *json == '[') depth++;
        if (*json == '}' || *json == ']') depth--;
        if (*json != '"') {
            json++;
            continue;
        }
        const char *text = json;
        json = after_string(json);
        json += strspn(json, " \t\r\n");
        if (*json != ':' || depth != 1) continue; // a value, or a member of a member
        json += 1 + strspn(json + 1, " \t\r\n");
        if (strncmp(text + 1, name, length) == 0 && text[1 + length] == '"') return *json == '"' ? json : NULL;
    }
    return NULL;
}

int main(void) {
    static char arguments[1 << 20];
    arguments[fread(arguments, 1, sizeof arguments - 1, stdin)] = '\0';
    fprintf(stderr, "got %zu bytes of arguments\n", strlen(arguments));

    const char *name = string_member(arguments, "name");
    if (name == NULL) {
        puts("{\"error\":\"argument `name`: missing, or not a string\"}");
        return 0;
    }
    int inside = (int)(after_string(name) - name) - 2; // the text stays escaped, so valid JSON stays valid JSON
    printf("{\"greeting\":\"Hello, %.*s!\"}\n", inside, name + 1);
    return 0;
}

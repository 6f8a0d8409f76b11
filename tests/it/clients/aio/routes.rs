//! `aio rt api`: creates, lists, uploads and deletes routes.

use reqwest::Method;
use wask_tests::{Answer, Client, guest};

use crate::clients::start;

async fn ask(me: &Client, method: Method, path: &str) -> Answer {
    me.send(me.anonymous(method, &format!("/api/gw/guest{path}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_can_be_created_served_listed_copied_and_deleted() {
    let Some((wask, aio)) = start().await else { return };
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;
    let base = format!("{}/api/gw/guest", wask.base());

    let url = aio.prints("rt api create /club '/books/{isbn}' get echo -n 'Book Club'").await;
    assert_eq!(url.trim_end(), format!("{base}/club/books/{{isbn}}"));
    assert_eq!(ask(&me, Method::GET, "/club/books/7").await.expect(200).json()["isbn"], "7");
    aio.prints("rt api create /club /books post echo --response-type http").await;
    ask(&me, Method::POST, "/club/books").await.expect(204);

    let head = "Action Verb API Name Url".to_owned();
    let get = format!("/getBooksIsbn get Book Club {base}/club/books/{{isbn}}");
    let post = format!("/postBooks post Book Club {base}/club/books");
    let mut all = aio.table("rt api list").await;
    all[1..].sort();
    assert_eq!(all, [head.clone(), get.clone(), post]);
    assert_eq!(aio.table("rt api list /club '/books/{isbn}' get").await, [head, get]);

    let doc = aio.prints("rt api get 'Book Club'").await;
    aio.write("copy.json", doc.replace("\"/club\"", "\"/copy\""));
    assert_eq!(aio.prints("rt api create --config-file copy.json").await.trim_end(), format!("{base}/copy"));
    assert_eq!(ask(&me, Method::GET, "/copy/books/8").await.expect(200).json()["isbn"], "8");

    assert_eq!(aio.prints("rt api delete /club /books post").await, "");
    ask(&me, Method::POST, "/club/books").await.expect(404);
    ask(&me, Method::GET, "/club/books/7").await.expect(200);
    aio.prints("rt api delete /club").await;
    ask(&me, Method::GET, "/club/books/7").await.expect(404);
    let refused = aio.refusal("rt api delete /club").await;
    assert!(refused.starts_with("failed to delete the api: "), "{refused}");
    assert!(refused.ends_with("(404 Not Found)"), "{refused}");
}

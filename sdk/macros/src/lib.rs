#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod check;

use proc_macro::TokenStream;
use proc_macro2::{Span, TokenStream as Tokens};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, ReturnType};

/// Makes a function the action of this program.
///
/// The function takes no argument, or one whose type implements `Deserialize`. It returns a value whose type implements
/// `Serialize`, or a `Result`. It stays an ordinary function that tests can call. A program has one action.
///
/// ```text
/// #[wask_sdk::action]
/// fn greet(person: Person) -> Result<Greeting, Refusal> { … }
///
/// // adds:
/// fn main() -> std::process::ExitCode {
///     ::wask_sdk::__private::run(|args| (&&&Answer(greet(args))).line())
/// }
/// ```
#[proc_macro_attribute]
pub fn action(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = Tokens::from(item);
    match check::action(options.into(), item.clone()) {
        Ok(function) => {
            let main = main_calling(&function);
            quote! { #item #main }.into()
        }
        Err(invalid) => invalid.report(item).into(),
    }
}

/// Generates `main`. Its parts have the spans of the author's types, so that the compiler underlines a type that does
/// not fit.
fn main_calling(action: &ItemFn) -> Tokens {
    let name = &action.sig.ident;
    let returned = match &action.sig.output {
        ReturnType::Default => located_at(name.span()),
        ReturnType::Type(_, returned) => located_at(returned.span()),
    };
    let run = match action.sig.inputs.first() {
        Some(FnArg::Typed(argument)) => {
            let call = quote_spanned! { returned=> (&&&::wask_sdk::__private::Answer(#name(args))).line() };
            quote_spanned! { located_at(argument.ty.span())=> ::wask_sdk::__private::run(|args| #call) }
        }
        Some(FnArg::Receiver(_)) | None => {
            let call = quote_spanned! { returned=> (&&&::wask_sdk::__private::Answer(#name())).line() };
            quote! { ::wask_sdk::__private::run(|_: ::wask_sdk::__private::NoArguments| #call) }
        }
    };
    quote! {
        fn main() -> ::std::process::ExitCode {
            #[allow(unused_imports)]
            use ::wask_sdk::__private::{DataOrData as _, DataOrText as _, JustData as _};
            #run
        }
    }
}

/// A span in the author's text for generated code.
fn located_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

//! Checks what the attribute is put on. Anything that cannot be an action gets one error, on the author's own token,
//! that says what to write instead.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Item, ItemFn, ReturnType, Signature, Type};

/// Why something cannot be an action.
pub struct InvalidAction {
    /// The token to underline.
    span: Span,
    message: &'static str,
    stand_in: StandIn,
}

/// The code that replaces the action, so that the compiler does not also complain about a missing `main`.
#[derive(Clone, Copy)]
enum StandIn {
    /// The author's item and a `main`.
    Main,
    /// A `main` only, because the author's item has that name.
    MainInsteadOfItem,
    /// The author's item only.
    Nothing,
}

/// The function that the attribute is put on. `Err`: it cannot be an action.
pub fn action(options: TokenStream, item: TokenStream) -> Result<ItemFn, InvalidAction> {
    if !options.is_empty() {
        return Err(invalid(
            &options,
            "an action has no options here: write `#[wask_sdk::action]`; limits are set when it is deployed",
        ));
    }
    let function = match syn::parse2(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(_) | Err(_) => {
            return Err(invalid(&item, "an action is a function: put `#[wask_sdk::action]` on a `fn`"));
        }
    };
    check_name(&function.sig)?;
    check_kind(&function.sig)?;
    check_arguments(&function.sig)?;
    check_returned(&function.sig)?;
    Ok(function)
}

fn check_name(sig: &Signature) -> Result<(), InvalidAction> {
    if sig.ident != "main" {
        return Ok(());
    }
    let message = "give the action another name: `#[wask_sdk::action]` adds `main` itself";
    Err(InvalidAction { stand_in: StandIn::MainInsteadOfItem, ..invalid(&sig.ident, message) })
}

fn check_kind(sig: &Signature) -> Result<(), InvalidAction> {
    if let Some(receiver) = sig.receiver() {
        let message =
            "an action is a free function: take the argument instead of `self`, and move it out of the `impl`";
        return Err(InvalidAction { stand_in: StandIn::Nothing, ..invalid(receiver, message) });
    }
    if let Some(token) = &sig.asyncness {
        return Err(invalid(
            token,
            "an action is not `async`: write `fn`; it may block, because its sandbox runs nothing else",
        ));
    }
    if let Some(token) = &sig.unsafety {
        return Err(invalid(token, "an action is a safe function: write `fn`"));
    }
    if let Some(abi) = &sig.abi {
        return Err(invalid(
            abi,
            "an action is a Rust function: write `fn`, `#[wask_sdk::action]` adds the entry point",
        ));
    }
    if !sig.generics.params.is_empty() {
        return Err(invalid(&sig.generics, "an action is not generic: write the types it is called with"));
    }
    Ok(())
}

fn check_arguments(sig: &Signature) -> Result<(), InvalidAction> {
    let mut arguments = sig.inputs.iter();
    let (first, second) = (arguments.next(), arguments.next());
    if let Some(second) = second {
        return Err(invalid(second, "an action takes one argument: put both into a struct that derives `Deserialize`"));
    }
    if let Some(variadic) = &sig.variadic {
        return Err(invalid(variadic, "an action takes one argument: write a type that implements `Deserialize`"));
    }
    match first {
        Some(FnArg::Typed(argument)) => match &*argument.ty {
            Type::Reference(ty) => Err(invalid(ty, "an action owns its argument: write the type without `&`")),
            Type::ImplTrait(ty) => Err(invalid(ty, "an action is not generic: write the type it is called with")),
            _ => Ok(()),
        },
        Some(FnArg::Receiver(_)) | None => Ok(()),
    }
}

fn check_returned(sig: &Signature) -> Result<(), InvalidAction> {
    match &sig.output {
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
            Err(invalid(ty, "an action returns its result: write a type that implements `Serialize`, or a `Result`"))
        }
        ReturnType::Type(..) | ReturnType::Default => Ok(()),
    }
}

fn invalid(tokens: &impl Spanned, message: &'static str) -> InvalidAction {
    InvalidAction { span: tokens.span(), message, stand_in: StandIn::Main }
}

impl InvalidAction {
    /// The code that the attribute generates in place of `item` and its `main`.
    pub fn report(self, item: TokenStream) -> TokenStream {
        let message = self.message;
        let error = quote_spanned! { self.span=> ::core::compile_error!(#message); };
        match self.stand_in {
            StandIn::Main => quote! { #item #error fn main() {} },
            StandIn::MainInsteadOfItem => quote! { #error fn main() {} },
            StandIn::Nothing => quote! { #item #error },
        }
    }
}

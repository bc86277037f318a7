//! Proxies as the environment names them. This machine is never reached through one, as with docker: whoever
//! sets `http_proxy` and forgets `NO_PROXY` would show the proxy the password of a local registry.

use reqwest::blocking::ClientBuilder;
use reqwest::{NoProxy, Proxy};

/// What is never behind a proxy.
const NEAR: &str = "localhost,127.0.0.0/8,::1";

/// `builder` with the proxies that the variables `var` gives name.
pub fn with(mut builder: ClientBuilder, var: &dyn Fn(&str) -> Option<String>) -> ClientBuilder {
    let either = |name: &str| {
        // A web server hands on what its clients say as `HTTP_…`: there only the small letters count.
        let large = || (name != "http_proxy" || var("REQUEST_METHOD").is_none()).then(|| name.to_uppercase());
        var(name).or_else(|| var(&large()?)).filter(|value| !value.is_empty())
    };
    let far = either("no_proxy").map(|list| format!("{NEAR},{list}"));
    let exempt = NoProxy::from_string(far.as_deref().unwrap_or(NEAR));
    // All that is not named is reached directly.
    builder = builder.no_proxy();
    let all = either("all_proxy");
    for (name, make) in [("http_proxy", Proxy::http as fn(String) -> _), ("https_proxy", Proxy::https)] {
        let Some(address) = either(name).or_else(|| all.clone()) else { continue };
        // What is no address is no proxy, as elsewhere.
        if let Ok(proxy) = make(address) {
            builder = builder.proxy(proxy.no_proxy(exempt.clone()));
        }
    }
    builder
}

//! Tokens: who the caller is. Everything under `/v1` asks here first.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bus_schema::{Error, Tenant};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    config::{Limits, TenantConfig},
    protocol::rest::error::Problem,
};

/// Whom a request speaks for.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Who>);

#[derive(Debug)]
struct Who {
    tenant: Tenant,
    limits: Limits,
    operator: bool,
}

impl Caller {
    pub fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Fails unless the caller may act on the fleet as a whole.
    pub fn must_operate(&self) -> Result<(), Error> {
        if self.0.operator {
            return Ok(());
        }
        Err(Error::forbidden("only a tenant with `operator = true` may act on the fleet"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only if a route was put beside the layer: then nobody is anybody.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::unauthenticated("no token").into())
    }
}

/// All tokens, as hashes of one length, so that comparing tells nothing about them.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    known: Vec<([u8; 32], Caller)>,
    /// Who speaks without a token, where that is allowed.
    anonymous: Option<Caller>,
}

impl Tokens {
    pub fn new(tenants: &[TenantConfig]) -> Self {
        let alone = tenants.len() <= 1;
        let mut known = Vec::new();
        let mut anonymous = None;
        for t in tenants {
            let who = Who { tenant: t.name.clone(), limits: t.limits, operator: t.operator || alone };
            let caller = Caller(Arc::new(who));
            if t.tokens.is_empty() {
                anonymous = Some(caller.clone());
            }
            known.extend(t.tokens.iter().map(|s| (hash(s.expose()), caller.clone())));
        }
        if tenants.is_empty() {
            let who = Who { tenant: Tenant::default(), limits: Limits::default(), operator: true };
            anonymous = Some(Caller(Arc::new(who)));
        }
        Self(Arc::new(Inner { known, anonymous }))
    }

    /// Who presents this token. A token where none is needed is ignored.
    fn identify(&self, headers: &HeaderMap, uri: &Uri) -> Result<Caller, Error> {
        if let Some(anonymous) = &self.0.anonymous {
            return Ok(anonymous.clone());
        }
        let Some(token) = presented(headers, uri)? else {
            return Err(Error::unauthenticated(
                "a token is needed: `Authorization: Bearer …`, or `?token=` where no header can be sent",
            ));
        };
        let given = hash(&token);
        let mut found = None;
        // Looks at all of them, so that the time taken does not tell which one came close.
        for (hash, caller) in &self.0.known {
            if bool::from(hash.ct_eq(&given)) {
                found = Some(caller);
            }
        }
        found.cloned().ok_or_else(|| Error::unauthenticated("this token is not known"))
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn presented(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Error> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| Error::unauthenticated("an unreadable `Authorization`"))?;
        return match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(Some(token.trim().to_owned()))
            }
            Some(_) | None => Err(Error::unauthenticated("`Authorization` must be `Bearer` and a token")),
        };
    }
    let query = uri.query().unwrap_or_default();
    Ok(url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token.into_owned()))
}

/// Layer: lets nobody through whose token is not known, and tells handlers who calls.
pub async fn check(State(tokens): State<Tokens>, mut request: Request, next: Next) -> Response {
    match tokens.identify(request.headers(), request.uri()) {
        Ok(caller) => {
            tracing::Span::current().record("tenant", tracing::field::display(caller.tenant()));
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => Problem(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::config::Secret;

    async fn ask(tokens: &Tokens, uri: &str, authorization: Option<&str>) -> (u16, String) {
        let app = Router::new()
            .route("/", get(|caller: Caller| async move { caller.tenant().to_string() }))
            .layer(middleware::from_fn_with_state(tokens.clone(), check));
        let mut request = Request::builder().uri(uri);
        if let Some(a) = authorization {
            request = request.header("authorization", a);
        }
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn two() -> Tokens {
        let tenant =
            |name: &str, token: &str| TenantConfig::new(Tenant::new(name).unwrap(), vec![Secret::new(token)]);
        Tokens::new(&[tenant("acme", "acme-token"), tenant("bolt", "bolt-token")])
    }

    #[tokio::test]
    async fn the_token_names_the_tenant() {
        let t = two();
        assert_eq!(ask(&t, "/", Some("Bearer acme-token")).await, (200, "acme".into()));
        assert_eq!(ask(&t, "/", Some("bearer bolt-token")).await, (200, "bolt".into()));
        assert_eq!(ask(&t, "/?a=1&token=bolt-token", None).await, (200, "bolt".into()));
    }

    #[tokio::test]
    async fn without_a_known_token_nobody_gets_in() {
        let t = two();
        for (uri, authorization) in [
            ("/", None),
            ("/", Some("Bearer ")),
            ("/", Some("Bearer acme-toke")),
            ("/", Some("Basic acme-token")),
            ("/", Some("acme-token")),
            ("/?token=", None),
            // A wrong header is not mended by a right parameter.
            ("/?token=acme-token", Some("Bearer nope")),
        ] {
            assert_eq!(ask(&t, uri, authorization).await.0, 401, "{uri} {authorization:?}");
        }
    }

    #[tokio::test]
    async fn without_tenants_it_is_the_default_one() {
        assert_eq!(ask(&Tokens::new(&[]), "/", None).await, (200, "default".into()));
    }
}

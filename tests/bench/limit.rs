//! What the machine can do at most: a server with nothing but the work that cannot be left out. The benchmark compares
//! dockpass with it, in the same run and with the same requests.
//!
//! `limit ANSWERS` reads answers that dockpass gave (`{"PATH": {"headers": [[name, value], …], "body": text}, …}`), prints its
//! address, and gives them again:
//!
//! - `/auth/token`: Basic credentials are decoded and hashed with BLAKE3, claims of the same size are signed (ES256), and the
//!   answer has the same headers and the same body, but for the new token. Nothing is looked up, nothing is refused.
//! - every other path of the file: the same headers and the same body, without a look at the credentials.
//! - every other path at all: `ok`.
//!
//! It is actix-web as it comes, with as many threads as dockpass has by default.

#![expect(clippy::print_stdout, reason = "it tells its address")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

/// The path that is answered with work.
const TOKEN: &str = "/auth/token";
/// What is given to every other path.
const OK: &str = "ok";

/// An answer of dockpass.
#[derive(Deserialize)]
struct Sample {
    headers: Vec<(String, String)>,
    body: String,
}

/// An answer that is given again.
struct Answer {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: web::Bytes,
}

/// A registry token of dockpass, taken apart.
struct Token {
    answer: Answer,
    /// The encoded header.
    header: String,
    /// The claims up to the identifier, which each token has of its own, and after it.
    before: String,
    after: String,
    /// The fields of the answer after the tokens.
    rest: String,
    key: EcdsaKeyPair,
    count: AtomicU64,
}

/// All that is answered.
struct Limit {
    token: Option<Token>,
    others: HashMap<String, Answer>,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let file = std::env::args().nth(1).expect("the file of answers");
    let samples: HashMap<String, Sample> = serde_json::from_slice(&std::fs::read(file)?)?;
    let token = samples.get(TOKEN).map(Token::of);
    let others = samples.iter().map(|(path, sample)| (path.clone(), Answer::of(sample))).collect();
    let limit = Arc::new(Limit { token, others });
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let server = HttpServer::new(move || {
        let limit = Arc::clone(&limit);
        App::new().default_service(web::to(move |http: HttpRequest| std::future::ready(limit.answer(&http))))
    });
    let server = server.workers(workers).bind(("127.0.0.1", 0))?;
    println!("ready on {}", server.addrs().first().expect("an address"));
    server.run().await
}

impl Limit {
    fn answer(&self, http: &HttpRequest) -> HttpResponse {
        let path = http.path();
        match (&self.token, self.others.get(path)) {
            (Some(token), _) if path == TOKEN => token.issue(http),
            (_, Some(answer)) => answer.with(answer.body.clone()),
            (_, None) => HttpResponse::Ok().body(OK),
        }
    }
}

impl Answer {
    fn of(sample: &Sample) -> Self {
        let pair = |(name, value): &(String, String)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        Self { headers: sample.headers.iter().map(pair).collect(), body: sample.body.clone().into() }
    }

    fn with(&self, body: web::Bytes) -> HttpResponse {
        let mut response = HttpResponse::Ok().body(body);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response.head_mut().set_camel_case_headers(true);
        response
    }
}

impl Token {
    fn of(sample: &Sample) -> Self {
        let answer: serde_json::Value = serde_json::from_str(&sample.body).expect("an answer in JSON");
        let token = answer["token"].as_str().expect("a token").to_owned();
        let (header, rest) = token.split_once('.').expect("a header");
        let claims = URL_SAFE_NO_PAD.decode(rest.split('.').next().unwrap()).expect("claims");
        let claims = String::from_utf8(claims).expect("claims in JSON");
        let jti = serde_json::from_str::<serde_json::Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned();
        let (before, after) = claims.split_once(&jti).expect("an identifier");
        let rest = sample.body.rsplit_once(&token).expect("the token twice").1.to_owned();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self {
            answer: Answer::of(sample),
            header: header.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            rest,
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap(),
            count: AtomicU64::new(0),
        }
    }

    fn issue(&self, http: &HttpRequest) -> HttpResponse {
        let shown = http.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        let Some(credentials) = shown.and_then(|text| STANDARD.decode(text).ok()) else {
            return HttpResponse::Unauthorized().finish();
        };
        let password = credentials.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
        std::hint::black_box(blake3::hash(password));
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let claims = format!("{}{number:026}{}", self.before, self.after);
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&claims, &mut token);
        let signature = self.key.sign(&SystemRandom::new(), token.as_bytes()).expect("a signature");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        self.answer.with(format!(r#"{{"token":"{token}","access_token":"{token}{}"#, self.rest).into())
    }
}

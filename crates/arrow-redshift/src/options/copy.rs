//! Copy mode's options: where files are staged, and how this side and COPY reach them.

use std::time::Duration;

use super::{
    AwsKeys, CopyAuthorization, CopyConfig, CopyFormat, Encryption, S3Config, Secret, given::Given,
    grammar, problem::Findings,
};

/// Reads copy mode's options; what it requires is missing only where it is `wanted`.
pub(super) fn copy(
    given: &mut Given,
    staging_retention: Option<Duration>,
    wanted: bool,
    findings: &mut Findings,
) -> Option<CopyConfig> {
    let temp = given.text("sink.write.temp.s3-uri").parse(findings, |text| grammar::s3_uri(text));
    let temp_uri = if wanted {
        temp.required(findings, "copy mode stages its files there")
    } else {
        temp.value
    };
    let s3 = s3(given, findings);
    let authorization = authorization(given, s3.as_ref(), wanted, findings);
    let format = given.choice("sink.copy.format").value.map(|word| match word {
        "csv" => CopyFormat::Csv,
        _ => CopyFormat::Parquet,
    });
    let part_size = given.size("sink.copy.part-size").value;
    let encryption = encryption(given, findings);
    Some(CopyConfig {
        temp_uri: temp_uri?,
        s3: s3?,
        authorization: authorization?,
        format: format?,
        part_size: part_size?,
        encryption: encryption?,
        staging_retention: staging_retention?,
    })
}

fn s3(given: &mut Given, findings: &mut Findings) -> Option<S3Config> {
    let region = given.text("aws.region").parse(findings, |text| grammar::region(text)).value;
    let endpoint = |given: &mut Given, key, findings: &mut Findings| {
        given.text(key).parse(findings, |text| grammar::endpoint(text)).value
    };
    let s3_endpoint = endpoint(given, "s3.endpoint", findings);
    let aws_endpoint = endpoint(given, "aws.endpoint", findings);
    let path_style = given.flag("s3.path-style-access").value;
    let credentials = credentials(given, findings);
    Some(S3Config {
        region,
        endpoint: s3_endpoint.or(aws_endpoint),
        path_style: path_style?,
        credentials,
    })
}

fn credentials(given: &mut Given, findings: &mut Findings) -> Option<AwsKeys> {
    let provider = given.choice("aws.credentials.provider");
    let id = given.text("aws.credentials.basic.accesskeyid");
    let secret = given.text("aws.credentials.basic.secretkey");
    let token = given.text("aws.credentials.basic.sessiontoken");
    let basic = provider.set && provider.value == Some("BASIC");
    match (id.is_absent(), secret.is_absent()) {
        (true, true) if basic => findings.problem(format!(
            "'{}' = 'BASIC' needs '{}' and '{}'",
            provider.name, id.name, secret.name
        )),
        (true, true) if !token.is_absent() => {
            findings.problem(format!("'{}' needs '{}' and '{}'", token.name, id.name, secret.name));
        }
        (true, false) => findings.problem(format!("'{}' needs '{}'", secret.name, id.name)),
        (false, true) => findings.problem(format!("'{}' needs '{}'", id.name, secret.name)),
        (false, false) if provider.set && provider.value == Some("AUTO") => {
            findings.problem(format!(
                "'{}' = 'AUTO' takes no keys, and '{}' is set; leave one of them out",
                provider.name, id.name
            ));
        }
        _ => {}
    }
    Some(AwsKeys {
        access_key_id: id.value?,
        secret_access_key: Secret::new(secret.value?),
        session_token: token.value.map(Secret::new),
    })
}

fn authorization(
    given: &mut Given,
    s3: Option<&S3Config>,
    wanted: bool,
    findings: &mut Findings,
) -> Option<CopyAuthorization> {
    let credentials = given.choice("sink.copy.credentials");
    let role = given.text("aws.iam-role").parse(findings, |text| grammar::role(text));
    if credentials.value == Some("keys") {
        if role.set {
            findings.problem(format!(
                "'{}' = 'keys' has COPY use keys, and '{}' a role; leave one of them out",
                credentials.name, role.name
            ));
        }
        let keys = s3.and_then(|s3| s3.credentials.clone());
        if keys.is_none() {
            findings.problem(format!(
                "'{}' = 'keys' needs 'aws.credentials.basic.accesskeyid' and \
                 'aws.credentials.basic.secretkey'",
                credentials.name
            ));
        }
        return keys.map(CopyAuthorization::Keys);
    }
    if !wanted {
        return role.value;
    }
    role.required(
        findings,
        "COPY reads the staged files with a role; give its ARN, or 'default', or set \
         'sink.copy.credentials' = 'keys'",
    )
}

fn encryption(given: &mut Given, findings: &mut Findings) -> Option<Encryption> {
    let encryption = given.choice("sink.write.temp.s3.encryption");
    let key = given.text("sink.write.temp.s3.kms-key-id");
    if key.set && encryption.value != Some("sse-kms") {
        findings.problem(format!("'{}' needs '{}' = 'sse-kms'", key.name, encryption.name));
    }
    match (encryption.value, encryption.set) {
        (Some("sse-kms"), _) => Some(Encryption::SseKms(key.value)),
        (Some("sse-s3"), _) => Some(Encryption::SseS3),
        (Some(_), _) => Some(Encryption::None),
        (None, false) => Some(Encryption::BucketDefault),
        (None, true) => None,
    }
}

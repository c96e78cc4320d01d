use super::{Kind, OptionRow, Part, alias, row};

const fn here(key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    row(Part::Aws, key, kind, doc)
}

const fn provider(key: &'static str, doc: &'static str) -> OptionRow {
    row(Part::AwsProviders, key, Kind::Text, doc).without("not used")
}

pub(super) const ROWS: &[OptionRow] = &[
    here("aws.region", Kind::Text, "AWS region of the bucket.")
        .without("asked of AWS's own chain")
        .aliases(&[
            alias("s3.endpoint.region"),
            alias("s3.region"),
            alias("fs.s3a.endpoint.region"),
        ]),
    here(
        "s3.endpoint",
        Kind::Text,
        "Endpoint of S3, for other stores that speak its protocol and for private endpoints. \
         Without a scheme it is HTTPS; `http://` has to be said.",
    )
    .without("`aws.endpoint`, or else AWS's own")
    .aliases(&[alias("fs.s3a.endpoint")]),
    here("aws.endpoint", Kind::Text, "Endpoint of AWS's services, where all are in one place.")
        .without("AWS's own"),
    here(
        "s3.path-style-access",
        Kind::Flag,
        "Whether the bucket is named in the path and not in the host.",
    )
    .default("false")
    .aliases(&[alias("s3.path.style.access"), alias("fs.s3a.path.style.access")]),
    here(
        "aws.credentials.provider",
        Kind::Choice(&["AUTO", "BASIC"]),
        "Where the keys for S3 come from: `BASIC` takes those below, `AUTO` AWS's own chain \
         (environment, profile, web identity, container, instance).",
    )
    .without("`BASIC` where keys are given, or else `AUTO`"),
    here("aws.credentials.basic.accesskeyid", Kind::Text, "Access key id.")
        .without("not used")
        .aliases(&[
            alias("aws.credentials.provider.basic.accesskeyid"),
            alias("s3.access-key"),
            alias("s3.access.key"),
            alias("fs.s3a.access.key"),
        ]),
    here("aws.credentials.basic.secretkey", Kind::Text, "Secret access key.")
        .without("not used")
        .aliases(&[
            alias("aws.credentials.provider.basic.secretkey"),
            alias("s3.secret-key"),
            alias("s3.secret.key"),
            alias("fs.s3a.secret.key"),
        ])
        .secret(),
    here("aws.credentials.basic.sessiontoken", Kind::Text, "Session token of temporary keys.")
        .without("not used")
        .aliases(&[
            alias("aws.credentials.provider.basic.sessiontoken"),
            alias("s3.session.token"),
            alias("fs.s3a.session.token"),
        ])
        .secret(),
    provider("aws.credentials.profile.path", "File with profiles.")
        .aliases(&[alias("aws.credentials.provider.profile.path")]),
    provider("aws.credentials.profile.name", "Profile to take.")
        .aliases(&[alias("aws.credentials.provider.profile.name")]),
    provider("aws.credentials.role.arn", "Role to assume.")
        .aliases(&[alias("aws.credentials.provider.role.arn")]),
    provider("aws.credentials.role.sessionName", "Session name for the role.")
        .aliases(&[alias("aws.credentials.provider.role.sessionName")]),
    provider("aws.credentials.role.externalId", "External id for the role.")
        .aliases(&[alias("aws.credentials.provider.role.externalId")]),
    provider("aws.credentials.role.stsEndpoint", "Endpoint of STS.")
        .aliases(&[alias("aws.credentials.provider.role.stsEndpoint")]),
    provider("aws.credentials.role.provider", "Provider of the keys that assume the role.")
        .aliases(&[alias("aws.credentials.provider.role.provider")]),
    provider("aws.credentials.webIdentityToken.file", "File with a web identity token.")
        .aliases(&[alias("aws.credentials.provider.webIdentityToken.file")]),
    provider("aws.credentials.custom.class", "Java class of a provider.")
        .aliases(&[alias("aws.credentials.provider.custom.class")]),
    provider("aws.trust.all.certificates", "Whether to trust any certificate."),
];

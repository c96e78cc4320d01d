//! A stand-in that has what a script names: its users, databases, buckets, roles and keys.

use arrow_redshift::options::{CopyAuthorization, S3Config, SinkConfig};
use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Role, StoredPassword, User},
};

use super::connection::Connection;
use crate::{connect::Connector, plan::Plan, run::redshift::RedshiftTable, script::Problem};

/// Options that a table of a stand-in may leave out, with what they are then.
pub const CREDENTIALS: [(&str, &str); 3] = [
    ("username", "awsuser"),
    ("password", "Local-Passw0rd"),
    ("aws.iam-role", "arn:aws:iam::000000000000:role/redshift-local"),
];

/// The key with which files are staged where a script names none.
const ACCESS_KEY: (&str, &str) = ("redshift-local", "redshift-local-secret");

/// The bucket where there is no script.
const BUCKET: &str = "redshift-local";

/// The region where a script names none.
const REGION: &str = "us-east-1";

/// Where a stand-in listens and keeps its data.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Port of the Redshift side; 0 picks a free one.
    pub port: u16,
    /// Port of the S3 side; 0 picks a free one.
    pub s3_port: u16,
    /// Where databases and objects live; `None` is a temporary directory.
    pub data_dir: Option<std::path::PathBuf>,
}

/// Whether a stand-in has kept its data in this directory: each leaves its authority's certificate.
pub fn is_data_dir(dir: &std::path::Path) -> bool {
    dir.join("ca.pem").exists()
}

/// The tables of Redshift that a plan writes.
pub fn tables(plan: &Plan) -> impl Iterator<Item = &RedshiftTable> {
    plan.inserts.iter().filter_map(|insert| match &insert.sink {
        Connector::Redshift(table) => Some(&**table),
        _ => None,
    })
}

/// What a stand-in is told, so that these tables can be written there.
pub fn config<'a>(
    tables: impl Iterator<Item = &'a RedshiftTable>,
    place: &Place,
) -> Result<Config, Vec<Problem>> {
    let mut needs = Needs::default();
    for table in tables {
        needs.add(&table.config, table.line());
    }
    // Where there was something before, it is there again.
    let told = place.data_dir.as_deref().is_some_and(redshift_local::is_told);
    if needs.users.is_empty() && !told {
        needs.something();
    }
    if !needs.problems.is_empty() {
        return Err(needs.problems);
    }
    let mut config = Config {
        port: place.port,
        s3_port: place.s3_port,
        data_dir: place.data_dir.clone(),
        region: needs.region.unwrap_or_else(|| REGION.into()),
        buckets: needs.buckets,
        roles: needs.roles,
        ..Config::default()
    };
    config.users = needs.users;
    if told || !needs.databases.is_empty() {
        config.databases = needs.databases;
    }
    config.keys = needs.keys;
    if !config.keys.iter().any(|key| key.id == ACCESS_KEY.0) {
        config.keys.push(key(ACCESS_KEY.0, ACCESS_KEY.1, None));
    }
    Ok(config)
}

/// How to reach a stand-in that has started.
pub fn connection(server: &RedshiftLocal) -> Connection {
    let config = server.config();
    let user = config.users.first();
    Connection {
        host: "127.0.0.1".into(),
        port: server.port(),
        user: user.map(|user| user.name.clone()).unwrap_or_default(),
        password: user.map(|user| user.password.clone()).unwrap_or_default(),
        database: config.databases.first().cloned().unwrap_or_default(),
        ca_file: server.ca_file().to_owned(),
        s3_endpoint: server.s3().endpoint(),
        region: config.region.clone(),
        access_key_id: ACCESS_KEY.0.into(),
        secret_access_key: ACCESS_KEY.1.into(),
    }
}

#[derive(Default)]
struct Needs {
    users: Vec<User>,
    databases: Vec<String>,
    buckets: Vec<Bucket>,
    roles: Vec<Role>,
    keys: Vec<AccessKey>,
    region: Option<String>,
    problems: Vec<Problem>,
}

impl Needs {
    fn add(&mut self, config: &SinkConfig, line: u64) {
        let connection = &config.connection;
        self.user(&connection.username, connection.password.expose(), line);
        if !self.databases.contains(&connection.database) {
            self.databases.push(connection.database.clone());
        }
        let Some(copy) = &config.copy else { return };
        let region = copy.s3.region.clone().unwrap_or_else(|| REGION.into());
        self.region.get_or_insert_with(|| region.clone());
        for place in
            [Some(&copy.temp_uri), config.values.dead_letters.as_ref()].into_iter().flatten()
        {
            if !self.buckets.iter().any(|bucket| bucket.name == place.bucket) {
                let (name, region) = (place.bucket.clone(), region.clone());
                self.buckets.push(Bucket { name, region, requires_encryption: false });
            }
        }
        self.upload_keys(&copy.s3);
        let staging = format!("s3://{}/{}", copy.temp_uri.bucket, copy.temp_uri.prefix);
        match &copy.authorization {
            CopyAuthorization::DefaultRole => {
                let [_, _, (_, arn)] = CREDENTIALS;
                self.role(arn, &staging, true, None, true);
            }
            CopyAuthorization::Role(chain) => {
                for (index, arn) in chain.iter().enumerate() {
                    let next = chain.get(index + 1).map(String::as_str);
                    self.role(arn, &staging, index == 0, next, false);
                }
            }
            CopyAuthorization::Keys(keys) => {
                let token = keys.session_token.as_ref().map(|token| token.expose());
                self.keys.push(key(&keys.access_key_id, keys.secret_access_key.expose(), token));
            }
        }
    }

    /// What one needs to try things out, where there is no script that says.
    fn something(&mut self) {
        let [(_, user), (_, password), (_, role)] = CREDENTIALS;
        self.user(user, password, 0);
        let name = BUCKET.to_owned();
        self.buckets.push(Bucket { name, region: REGION.into(), requires_encryption: false });
        self.role(role, &format!("s3://{BUCKET}"), true, None, true);
    }

    fn user(&mut self, name: &str, password: &str, line: u64) {
        match self.users.iter().find(|user| user.name == name) {
            None => self.users.push(User {
                name: name.to_owned(),
                password: password.to_owned(),
                stored: StoredPassword::Md5,
                superuser: true,
            }),
            Some(user) if user.password != password => self.problems.push(Problem::new(
                line,
                format!("user {name} has another password here than at a table before"),
            )),
            Some(_) => {}
        }
    }

    fn upload_keys(&mut self, s3: &S3Config) {
        if let Some(keys) = &s3.credentials
            && !self.keys.iter().any(|known| known.id == keys.access_key_id)
        {
            let token = keys.session_token.as_ref().map(|token| token.expose());
            self.keys.push(key(&keys.access_key_id, keys.secret_access_key.expose(), token));
        }
    }

    fn role(&mut self, arn: &str, prefix: &str, attached: bool, next: Option<&str>, default: bool) {
        let index = match self.roles.iter().position(|role| role.arn == arn) {
            Some(index) => index,
            None => {
                self.roles.push(Role {
                    arn: arn.to_owned(),
                    prefixes: Vec::new(),
                    attached: false,
                    default: false,
                    may_assume: Vec::new(),
                });
                self.roles.len() - 1
            }
        };
        let role = &mut self.roles[index];
        role.attached |= attached;
        role.default |= default;
        if next.is_none() && !role.prefixes.iter().any(|known| known == prefix) {
            role.prefixes.push(prefix.to_owned());
        }
        if let Some(next) = next
            && !role.may_assume.iter().any(|known| known == next)
        {
            role.may_assume.push(next.to_owned());
        }
    }
}

fn key(id: &str, secret: &str, token: Option<&str>) -> AccessKey {
    AccessKey {
        id: id.to_owned(),
        secret: secret.to_owned(),
        session_token: token.map(str::to_owned),
        prefixes: Vec::new(),
    }
}

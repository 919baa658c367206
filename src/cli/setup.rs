//! `floodmark setup`: a flag for every question.

use std::path::PathBuf;

use clap::Args;

/// `floodmark setup`
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = NOTES)]
pub struct SetupArgs {
    /// Configuration file to write [default: as root /etc/floodmark/floodmark.toml, else ./floodmark.toml]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Ask nothing: take what flags and the present file say, and defaults for the rest
    #[arg(long)]
    pub yes: bool,
    /// Keep an answer whose test failed, and say so; without it --yes ends with 1 and writes nothing
    #[arg(long)]
    pub keep_failed: bool,
    /// Test nothing: no capture socket, no row, no message, no port
    #[arg(long)]
    pub no_tests: bool,
    /// Folder of everything that is kept [default: as root /var/lib/floodmark, else ./floodmark-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Interface to capture; may be given again [default: the one of the default route]
    #[arg(long, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Network that is your own, such as 192.0.2.0/24; may be given again [default: this machine's addresses]
    #[arg(long, value_name = "PREFIX")]
    pub network: Vec<String>,
    /// Flags about the store.
    #[command(flatten)]
    pub store: StoreFlags,
    /// Flags about messages.
    #[command(flatten)]
    pub messages: MessageFlags,
    /// Address and port of the page, such as 192.0.2.7:8443; `local` = 127.0.0.1:8443, `all` = every address
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Beginning of links in messages, such as `https://flood.example:8443`; - = messages have none
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Name of the page's first user, an admin [default: admin]
    #[arg(long, value_name = "NAME")]
    pub admin: Option<String>,
    /// Make no user of the page
    #[arg(long, conflicts_with = "admin")]
    pub no_admin: bool,
}

/// Where rows are kept.
#[derive(Clone, Debug, Default, Args)]
pub struct StoreFlags {
    /// `sqlite`, sqlite://FOLDER, or mysql://USER@HOST:PORT/DATABASE of an account that is there already
    #[arg(long, value_name = "STORE", conflicts_with_all = ["mysql_admin_url_file", "mysql_print_sql"])]
    pub store: Option<String>,
    /// File that holds the password of the account in --store, and nothing else
    #[arg(long, value_name = "F", requires = "store")]
    pub store_password_file: Option<PathBuf>,
    /// File that holds mysql://ADMIN:PASSWORD@HOST:PORT/ (for a socket mysql://root@localhost/?socket=PATH): used once,
    /// to make database, tables and three accounts
    #[arg(long, value_name = "F", conflicts_with = "mysql_print_sql")]
    pub mysql_admin_url_file: Option<PathBuf>,
    /// Print the SQL for the administrator of this server instead: HOST, HOST:PORT or the path of its socket
    #[arg(long, value_name = "SERVER")]
    pub mysql_print_sql: Option<String>,
    /// Name of the database that is made [default: floodmark]
    #[arg(long, value_name = "NAME")]
    pub mysql_database: Option<String>,
    /// Encryption of connections to the database's server: verify or off [default: verify]
    #[arg(long, value_name = "HOW", value_parser = ["verify", "off"])]
    pub store_tls: Option<String>,
}

/// Who is told, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct MessageFlags {
    /// Language of messages: en or ru
    #[arg(long, value_name = "LANG")]
    pub language: Option<String>,
    /// Mail server, with its port if that is not the usual one; - = no e-mail
    #[arg(long, value_name = "HOST[:PORT]")]
    pub mail_server: Option<String>,
    /// Protection of the way to the mail server: starttls, tls or off [default: by the port]
    #[arg(long, value_name = "HOW")]
    pub mail_security: Option<String>,
    /// User at the mail server; - = no sign-in
    #[arg(long, value_name = "USER")]
    pub mail_user: Option<String>,
    /// File that holds that user's password and nothing else
    #[arg(long, value_name = "F")]
    pub mail_password_file: Option<PathBuf>,
    /// Sender of mails
    #[arg(long, value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Who gets the mails
    #[arg(long, value_name = "ADDRESS")]
    pub mail_to: Option<String>,
    /// Phone number for short messages, such as +79161234567; - = none
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// How short messages go out: twilio, vonage, smsru, smscru, kannel, http, smstools, gammu or smpp
    #[arg(long, value_name = "KIND")]
    pub sms_gateway: Option<String>,
    /// Account, login, API key or system_id at the gateway
    #[arg(long, value_name = "USER")]
    pub sms_user: Option<String>,
    /// File that holds its password, token or key and nothing else
    #[arg(long, value_name = "F")]
    pub sms_secret_file: Option<PathBuf>,
    /// Sender of short messages, as the gateway knows it; - = the gateway's own
    #[arg(long, value_name = "NAME")]
    pub sms_from: Option<String>,
    /// kannel: where it is; http: template of the URL, with {{to}} and {{text}} here or in --sms-body
    #[arg(long, value_name = "URL")]
    pub sms_url: Option<String>,
    /// http: template of a form that is sent by POST; - = nothing, by GET
    #[arg(long, value_name = "BODY")]
    pub sms_body: Option<String>,
    /// smstools, gammu: folder that holds outgoing or outbox
    #[arg(long, value_name = "DIR")]
    pub sms_folder: Option<PathBuf>,
    /// smpp: server
    #[arg(long, value_name = "HOST:PORT")]
    pub sms_server: Option<String>,
    /// The message that all is well: no, or times of the day such as 09:00,21:00
    #[arg(long, value_name = "TIMES")]
    pub status: Option<String>,
}

const NOTES: &str = "\
A flag answers its question; what no flag answers is asked, unless --yes. Each answer is tested at once. The file that is \
there gives the defaults and keeps its comments and other keys; its old text stays beside it. Passwords are taken from \
files, never from the command line. The answers are written all at once, at the end: whoever ends it before (Ctrl-C, end \
of input) leaves the configuration as it was.

Exit codes: 0 written, 1 a test failed or the input ended (nothing is written), 2 an answer that cannot be, 77 this user \
may not write there, 78 the present file is wrong.";

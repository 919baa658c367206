//! STARTTLS, TLS and signing in, with certificates made for the test.

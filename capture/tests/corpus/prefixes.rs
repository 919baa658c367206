//! Every prefix of corpus frames falls in exactly one class, without a panic.

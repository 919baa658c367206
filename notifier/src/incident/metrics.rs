//! metrics of this part.

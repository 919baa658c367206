//! Asks the CPU for a cache line before it is needed.
//!
//! An island of unsafe outside `ring`: the instruction takes a pointer, and reads nothing a program could see.

/// Starts to load the line that holds `value`.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the pointer comes from a live reference; a prefetch has no effect on memory and cannot fault.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

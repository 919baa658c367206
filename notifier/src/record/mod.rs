//! record: notifier's spool; host samples, processes, subjects, incidents and events become rows.

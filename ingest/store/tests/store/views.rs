//! The views for reports that were made for pmacct.

use store::testing::Session;

use crate::place::{NOW, Place, STORED, flows, writer};

#[tokio::test(flavor = "multi_thread")]
async fn reports_find_each_direction_under_the_names_they_know() {
    let Some(place) = Place::mariadb().await else { return };
    let store = place.migrated().await;
    assert_eq!(writer(&store).await.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
    store.make_views().await.unwrap();
    store.make_views().await.unwrap();
    let mut session = Session::of_server(place.server.as_ref().unwrap(), "floodmark").await.unwrap();
    let sums = "SELECT ip_src, ip_dst, src_port, dst_port, ip_proto, SUM(packets), SUM(bytes), COUNT(*), \
                MIN(UNIX_TIMESTAMP(stamp_inserted)) FROM acct_v9 WHERE ts >= 1789990000 AND \
                (ip_src = '192.0.2.3' OR ip_dst = '192.0.2.3') GROUP BY ip_src, ip_dst, src_port, dst_port, ip_proto \
                ORDER BY ip_src";
    assert_eq!(
        session.rows(sums).await.unwrap(),
        [
            format!("192.0.2.3|198.51.100.7|40000|443|tcp|2|200|1|{NOW}"),
            format!("198.51.100.7|192.0.2.3|443|40000|tcp|1|100|1|{NOW}"),
        ]
    );
    let all = session.rows("SELECT COUNT(*), SUM(packets), SUM(bytes) FROM acct_v9").await.unwrap();
    assert_eq!(all, ["20|30|3000"]);
    // A view is no table: sizes and migrations pass it over.
    assert!(store.size().await.unwrap().iter().all(|size| size.table != "acct_v9"));
    store.migrate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_has_no_views_and_says_so() {
    let error = Place::sqlite().migrated().await.make_views().await.unwrap_err();
    assert!(error.to_string().contains("MySQL and MariaDB"), "{error}");
}

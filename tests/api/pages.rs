//! Pages of a list: both directions, links that keep filters, and what is refused.

use crate::{user, worlds};
use harness::Api;
use serde_json::Value;

fn names(list: &Value) -> Vec<&str> {
    let rows = list["data"].as_array().expect("a list").iter();
    rows.map(|row| row["name"].as_str().expect("a name"))
        .collect()
}

async fn people(api: &Api, count: usize) {
    for n in 1..=count {
        user(api, &format!("Person {n}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_walked_there_and_back() {
    for world in worlds().await {
        let api = &world.api;
        people(api, 5).await;
        let first = api
            .get("/v1/users?limit=2&search=person&expand%5B%5D=extensions")
            .await
            .must_be(200);
        assert_eq!(first["object"], "list");
        assert_eq!(first["url"], "/v1/users");
        assert_eq!(names(&first), ["Person 5", "Person 4"]);
        assert!(first["previous_page_url"].is_null());
        assert_eq!(first["has_more"], true);
        let next = first["next_page_url"].as_str().expect("a next page");
        assert!(
            next.starts_with("/v1/users?")
                && next.contains("search=person")
                && next.contains("limit=2"),
            "{next}"
        );
        let second = api.get(next).await.must_be(200);
        assert_eq!(names(&second), ["Person 3", "Person 2"]);
        assert!(second["data"][0].get("extensions").is_some());
        let third = api
            .get(second["next_page_url"].as_str().expect("a next page"))
            .await
            .must_be(200);
        assert_eq!(names(&third), ["Person 1"]);
        assert!(third["next_page_url"].is_null());
        assert_eq!(third["has_more"], false);
        let back = api
            .get(third["previous_page_url"].as_str().expect("a page before"))
            .await
            .must_be(200);
        assert_eq!(names(&back), names(&second));
        let back = api
            .get(back["previous_page_url"].as_str().expect("a page before"))
            .await
            .must_be(200);
        assert_eq!(names(&back), names(&first));
        assert!(back["previous_page_url"].is_null());
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_the_list_serve_as_cursors_too() {
    for world in worlds().await {
        let api = &world.api;
        people(api, 4).await;
        let all = api.get("/v1/users").await.must_be(200);
        let id = |place: usize| all["data"][place]["id"].as_str().expect("an id").to_owned();
        let after = api
            .get(&format!("/v1/users?starting_after={}&limit=2", id(1)))
            .await
            .must_be(200);
        assert_eq!(names(&after), ["Person 2", "Person 1"]);
        assert_eq!(after["has_more"], false);
        let before = api
            .get(&format!("/v1/users?ending_before={}&limit=1", id(2)))
            .await
            .must_be(200);
        assert_eq!(names(&before), ["Person 3"]);
        assert_eq!(before["has_more"], true);
        for query in [
            format!("starting_after={}&ending_before={}", id(0), id(1)),
            "starting_after=user_01h455vb4pex5vsknk084sn02q".to_owned(),
            "starting_after=nonsense".to_owned(),
            "ending_before=".to_owned(),
        ] {
            let answer = api.get(&format!("/v1/users?{query}")).await;
            assert_eq!(answer.code(), "invalid_pagination", "{query}");
            answer.must_be(400);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_cursors_and_limits_are_refused() {
    for world in worlds().await {
        let api = &world.api;
        people(api, 2).await;
        let list = api.get("/v1/users?limit=1").await.must_be(200);
        let next = list["next_page_url"].as_str().expect("a next page");
        let cursor = next.rsplit_once("page=").expect("a cursor").1;
        let swapped: String = cursor.chars().rev().collect();
        for query in [
            "limit=0",
            "limit=101",
            "limit=ten",
            "page=x",
            "page=",
            &format!("page={swapped}"),
            &format!("page={cursor}A"),
        ] {
            let answer = api.get(&format!("/v1/users?{query}")).await;
            assert_eq!(answer.code(), "invalid_pagination", "{query}");
            answer.must_be(400);
        }
        api.get(&format!("/v1/ring_groups?page={cursor}"))
            .await
            .must_be(400);
        assert_eq!(
            names(&api.get("/v1/users?limit=100&colour=red").await.must_be(200)).len(),
            2
        );
        world.exchange.stop().await;
    }
}

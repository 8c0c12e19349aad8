# What CI runs.
check:
    .ci/run

# Every test that needs no installed peer.
test:
    cargo test --workspace

# Every bench.
bench:
    cargo bench --workspace

# What the release binary uses for a REGISTER, a call and a relayed packet.
load:
    cargo build --release
    cargo bench --bench load

# Two built-in phones call each other, then the exchange stays up.
demo:
    cargo run --release -- demo

# The newest OpenAPI document, as the server serves it.
openapi:
    STROWGER_UPDATE=1 cargo test --test contract openapi_is_the_kept_one

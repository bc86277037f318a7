# The project's two commands, and a few for those who work on it. See README.md.

.PHONY: demo test build bench prove prove-rebuild schema clean

demo: ## the whole release on the example, on the engine that works here (ENGINE=docker|podman|buildah)
	@scripts/demo $(if $(ENGINE),--engine $(ENGINE))

test: ## every test
	@scripts/test

build: ## the tools, in target/release
	@scripts/build

bench: build ## every tool beside what it is compared with (ORIGINAL=DIR: with the scripts that are replaced)
	@scripts/bench

prove: ## a floating build sees what was published since, a frozen one never moves
	@scripts/prove-floating $(if $(ENGINE),--engine $(ENGINE))

prove-rebuild: ## the example's release, rebuilt twice from its capsule, as differently as this machine allows
	@scripts/prove-rebuild $(if $(ENGINE),--engine $(ENGINE))

schema: ## regenerate the published schemas from the types
	UPDATE_SCHEMA=1 cargo test -q -p common -p release-tag schema

clean:
	cargo clean
	rm -rf demo

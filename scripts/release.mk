# The release as make targets. A deployments repository includes this in its Makefile:
#
#     configure  a floating build for CAL_VERSION, and the two version files
#     update     the floating requirements and the generated Dockerfile
#     build      the image chain; what was solved is frozen into env-frozen and env-chilly
#     test       imports and notebooks, inside the image
#     freeze     commit the release, and rebuild exactly what was frozen
#     record     test the frozen image, compare it with the frozen specs, commit the release's record
#     check      go through the checklist, once the commits are on the remote's branch (release-tag propose, or git push)
#     tag        the release's tags, pushed (a plan only, unless EXECUTE=1)
#     deliver    the tested image, digest for digest (to a registry only with EXECUTE=1)
#
# Each depends on the one before. Stamps are kept in .image/make/, and depend on the content of the
# files that went in, not on their times: a second make does nothing.

MISSION ?= roman
CAL_VERSION ?= none
MISSION_VERSION ?=
COMMON_VERSION ?=
CONFIGURE_FLAGS ?=
BUILD_FLAGS ?=
TEST_FLAGS ?=
REMOTE ?=
BRANCH ?=
DESTINATION ?=
EXECUTE ?=

SHELL := /bin/sh
# The path may hold blanks, so none of make's functions for lists of names can touch it.
image_tools := $(patsubst %release.mk,%,$(lastword $(MAKEFILE_LIST)))
# Another clone's sourced setup-env must not send these calls there.
unexport JUPYTERHUB_DIR DEPLOYMENT_NAME
here := --root '$(CURDIR)'
stamps := .image/make/$(MISSION)
remote := $(if $(REMOTE),--remote $(REMOTE)) $(if $(BRANCH),--branch $(BRANCH))
execute := $(if $(filter 1 yes true,$(EXECUTE)),--execute)
versions := $(if $(MISSION_VERSION),--mission $(MISSION_VERSION)) $(if $(COMMON_VERSION),--common $(COMMON_VERSION))

# What the tools say about this run goes to the terminal; the documents they print go here.
say = >$(stamps)/$(@F).json

.DEFAULT_GOAL := check
.PHONY: configure update build test freeze record check tag deliver always
.NOTPARALLEL:
configure update build test freeze record check: %: $(stamps)/%

# The checksums of the files that the mission is built from ($(1) of them), with the parameters. The
# file changes only if they do.
define checksums
	@mkdir -p $(stamps)
	@{ echo '$(MISSION) $(CAL_VERSION) $(versions) $(CONFIGURE_FLAGS)$(if $(BUILD_FLAGS), $(BUILD_FLAGS))'; \
	   find $(1) -type f ! -path '*/tests/waivers.json' -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 cksum; } >$(2).new
	@if cmp -s $(2).new $(2); then rm $(2).new; else mv $(2).new $(2); fi
endef

# The same for the parameters of one target.
define remember
	@mkdir -p $(stamps)
	@echo '$(1)' | cmp -s - $(2) || echo '$(1)' >$(2)
endef

mission := deployments/$(MISSION)
frozen := $(mission)/env-frozen
# The record tells of the image and the waivers judge it, so they are no inputs of it.
judging := $(mission)/release.json $(mission)/waivers.json
floating = deployments/common $(filter-out $(frozen) $(mission)/env-chilly $(judging),$(wildcard $(mission)/*))

$(stamps)/inputs: always
	$(call checksums,$(floating),$@)

$(stamps)/frozen: always
	$(call checksums,$(frozen),$@)

$(stamps)/test-with: always
	$(call remember,$(TEST_FLAGS),$@)

# Waivers judge the image and are no input of it.
$(stamps)/waivers: always
	@mkdir -p $(stamps)
	@find $(mission)/waivers.json $(mission)/environments \( -path '*/tests/waivers.json' -o -path $(mission)/waivers.json \) \
	   -exec cksum {} + 2>/dev/null | LC_ALL=C sort >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(stamps)/tag-with: always
	$(call remember,$(REMOTE) $(BRANCH),$@)

$(stamps)/deliver-with: always
	$(call remember,$(DESTINATION),$@)

$(stamps)/configure: $(stamps)/inputs
	'$(image_tools)image-configure' $(MISSION) $(here) --use-frozen=floating --freeze-chill=1 --cal-version=$(CAL_VERSION) $(CONFIGURE_FLAGS) $(say)
	$(if $(strip $(versions)),'$(image_tools)release-tag' versions $(here) $(versions) $(say))
	@touch $@

$(stamps)/update: $(stamps)/configure
	'$(image_tools)image-update' $(here) $(say)
# What it fetched is an input from now on, and this stamp is newer.
	$(call checksums,$(floating),$(stamps)/inputs)
	@touch $(stamps)/configure $@

$(stamps)/build: $(stamps)/update
	'$(image_tools)image-build' $(here) $(BUILD_FLAGS) $(say)
# It updates too, and may have written another day into kernel.name.
	$(call checksums,$(floating),$(stamps)/inputs)
	@touch $(stamps)/configure $(stamps)/update $@

$(stamps)/test: $(stamps)/build $(stamps)/test-with
	'$(image_tools)image-test' $(here) $(TEST_FLAGS) $(say)
	@touch $@

$(stamps)/freeze: $(stamps)/test $(stamps)/frozen
	'$(image_tools)release-tag' save $(here) $(say)
	'$(image_tools)image-configure' $(MISSION) $(here) --use-frozen=frozen --freeze-chill=1 --cal-version=none $(CONFIGURE_FLAGS) $(say)
	'$(image_tools)image-build' $(here) $(BUILD_FLAGS) $(say)
	$(call checksums,$(frozen),$(stamps)/frozen)
	@touch $@

$(stamps)/record: $(stamps)/freeze $(stamps)/waivers
	'$(image_tools)image-test' $(here) $(TEST_FLAGS) $(say)
	'$(image_tools)image-freeze' check $(here) $(say)
	'$(image_tools)release-tag' save $(here) $(say)
	@touch $@

$(stamps)/check: $(stamps)/record
	'$(image_tools)release-tag' check $(here) $(remote) $(say)
	@touch $@

# A plan leaves no stamp.
tag: $(if $(execute),$(stamps)/tag,$(stamps)/check)
	$(if $(execute),@:,'$(image_tools)release-tag' tag $(here) $(remote))

$(stamps)/tag: $(stamps)/check $(stamps)/tag-with
	'$(image_tools)release-tag' tag $(here) $(remote) --execute $(say)
	@touch $@

deliver: $(if $(execute),$(stamps)/deliver,$(stamps)/check)
	$(if $(execute),@:,'$(image_tools)release-tag' deliver $(here) $(DESTINATION))

$(stamps)/deliver: $(stamps)/tag $(stamps)/deliver-with
	'$(image_tools)release-tag' deliver $(here) $(DESTINATION) --execute $(say)
	@touch $@

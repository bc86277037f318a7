"""A call's title: short, and the same whatever its arguments, so that calls can be told apart and paired."""

# Docker's switches that take a value in the next word.
VALUED = {
    "--add-host", "--build-arg", "--entrypoint", "--env", "--env-file", "--file", "--filter", "--format",
    "--group-add", "--hostname", "--iidfile", "--label", "--name", "--network", "--platform", "--progress",
    "--memory", "--publish", "--secret", "--shm-size", "--tag", "--user", "--volume", "--workdir", "-e", "-f", "-l", "-p", "-t",
    "-u", "-v", "-w",
}
# Commands of docker that have commands of their own.
GROUPS = {"image", "container", "system", "builder", "buildx"}


def words(argv, valued=VALUED):
    """Splits docker's words after the command: the switches, each with its value, and the rest."""
    switches, position = [], 0
    while position < len(argv) and argv[position].startswith("-") and argv[position] != "-":
        word = argv[position]
        if word in valued and "=" not in word and position + 1 < len(argv):
            switches.append((word, argv[position + 1]))
            position += 2
        else:
            switches.append((word, None))
            position += 1
    return switches, argv[position:]


def build_words(argv):
    """The same for `docker build`, whose context may stand among the switches: switches, context."""
    switches, context = [], None
    while argv:
        more, rest = words(argv)
        switches += more
        if not rest:
            break
        context, argv = rest[0], rest[1:]
    return switches, context


def tag(switches):
    """The name that a build gives its image."""
    return next((value for name, value in switches if name in ("-t", "--tag")), "?")


def title(program, argv):
    """`docker build notebook-common`, `docker run -d`, `docker image ls`, `git checkout`, `curl`."""
    if program == "git":
        return git_title(argv)
    if program != "docker" or not argv:
        return program
    command = argv[0]
    if command == "build":
        return "docker build " + tag(build_words(argv[1:])[0])
    if command == "run" and any(name in ("-d", "--detach") for name, _ in words(argv[1:])[0]):
        return "docker run -d"
    if command in GROUPS and len(argv) > 1:
        return f"docker {command} {argv[1]}"
    return "docker " + command


# Git's own switches that take a value in the next word.
GIT_VALUED = ("-C", "-c", "--git-dir", "--work-tree")


def git_words(argv, cwd):
    """The words from git's command on, and the directory that git's own switches, or the caller's, name."""
    place = cwd
    while argv and argv[0].startswith("-"):
        if argv[0] in ("-C", "--git-dir"):
            place = argv[1]
        argv = argv[2:] if argv[0] in GIT_VALUED else argv[1:]
    return argv, place


def git_title(argv):
    """`git checkout`, `git remote add`."""
    words, _ = git_words(argv, "")
    return " ".join(["git", *words[: 2 if words[:1] in (["remote"], ["stash"]) else 1]])

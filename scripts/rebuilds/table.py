"""What came of it, for people."""

WIDE = 44


def tell(results):
    """Prints it all; the status."""
    row("", "first", "second")
    for name, told in [("user", user), ("path", lambda r: r.circumstances.place.name), ("umask", umask), ("clock", days),
                       ("processors", processors), ("what a step saw", lambda r: r.seen)]:
        row(name, *map(told, results))
    for result in results:
        for kept in result.circumstances.kept:
            print(f"not varied: {kept}")
    print()
    sides = [result.document.get("images_rebuilt") or [] for result in results]
    same = all(sides) and len(sides[0]) == len(sides[1])
    for one, other in zip(*sides):
        word = "same" if one["id"] == other["id"] else "DIFFERENT"
        row(one["name"], short(one["id"]), f"{short(other['id'])} {word}")
        same = same and one["name"] == other["name"]
    print()
    for which, result in zip(("first", "second"), results):
        same = told_comparison(which, result) and same
    return 0 if same else 1


def told_comparison(which, result):
    """How an image compares with the tested one; whether it is the same."""
    found = result.document.get("rebuild")
    if found is None:
        link = [link for link in result.document["links"] if link["code"] == "RV040"]
        print(f"{which}: {link[0].get('detail') if link else 'not rebuilt'}")
        return False
    print(f"{which}, beside the tested image {short(found['first'])}: {found['verdict']}; "
          f"{found['differing']} of {found['compared']} files differ, {found['only_times']} by their time alone, "
          f"{len(found['settings'])} settings")
    for file in found["files"][:10]:
        if file["what"] != ["time"]:
            print(f"    {file['path']}: {', '.join(file['what'])}; made by: {made_by(file)}")
    for setting in found["settings"]:
        print(f"    {setting}")
    return found["verdict"] != "different"


def made_by(file):
    """The step that made a file."""
    side = file.get("second") or file.get("first") or {}
    return " ".join(str(side.get("step")).split())[:90]


def row(name, *cells):
    """A line of the table."""
    print(f"{name:<32}" + "".join(f"{str(cell):<{WIDE}}  " for cell in cells).rstrip())


def short(digest):
    """As engines show them."""
    return digest.removeprefix("sha256:")[:12]


def user(result):
    """Who rebuilt."""
    return result.circumstances.user or "who called"


def umask(result):
    """Its umask."""
    return f"{result.circumstances.umask:03o}"


def days(result):
    """Its clock."""
    return f"{result.circumstances.days} days ahead" if result.circumstances.days else "the machine's"


def processors(result):
    """On how many."""
    return f"number {result.circumstances.processors}" if result.circumstances.processors else "all"

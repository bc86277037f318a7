"""As much of a Dockerfile as says what environment its image has."""

import re

ASSIGNED = re.compile(r'(\w+)=("[^"]*"|\S*)')


def environment(text, arguments, image_of):
    """The variables of the image that `text` makes with `arguments`; `image_of` knows other images'."""
    scope, variables = {}, {}
    for line in text.splitlines():
        keyword, _, rest = line.strip().partition(" ")
        keyword = keyword.upper()
        if keyword == "FROM":
            variables = dict(image_of(expand(rest.split()[0], scope)))
        elif keyword == "ARG":
            name, _, default = rest.strip().partition("=")
            scope[name] = arguments.get(name, expand(default.strip('"'), scope))
        elif keyword == "ENV":
            pairs = ASSIGNED.findall(rest) or [tuple(rest.split(None, 1))]
            for name, value in pairs:
                variables[name] = expand(value.strip('"'), {**scope, **variables})
    return variables


def expand(text, scope):
    return re.sub(r"\$\{?(\w+)\}?", lambda found: scope.get(found.group(1), ""), text)

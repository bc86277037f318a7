"""A uuidgen that always gives the same, so that runs can be compared."""


def main(journal, argv):
    print("00000000-0000-4000-8000-000000000000")
    return 0

"""Published, re-run and own results: data, checks, comparable groups, the ranked part of each."""

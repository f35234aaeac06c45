std = "lua54"
max_line_length = 120
exclude_files = { "build/**", "data/**", "**/node_modules/**" }
files["tests/**/*_spec.lua"] = { std = "lua54+busted" }
-- A notebook's names are the session's (op, db, ErrorLog, its parameters); a parameter is described in one line.
files["notebooks/**/*.lua"] = { ignore = { "113", "631" } }
-- Type declarations for editors: parameters that nothing uses are their point.
files["host/std/meta.lua"] = { unused_args = false, ignore = { "211", "241" } }

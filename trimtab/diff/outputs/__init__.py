"""A priced change in the forms that people and machines read.

Each form is a pure function of a `Diff` and its options, and gives a text: `table` (terminal), `markdown`
(a pull request's comment), `html` (a page with charts), `json_document` (everything), `sarif` and `junit`
(findings). `figures` says how numbers are written, `reading` what matters in a diff, `working` how each
sum was worked out.
"""

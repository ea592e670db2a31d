"""What goes to the people who decide: one document model of a case, and renderers for HTML, Markdown and JSON.

`build` makes the model of a case, `pages`, `markdown` and `document` render it, `verify` makes it again and says what
differs. Nothing but `build` and `verify` sees the case. The drawing libraries are loaded when the first chart is drawn.
"""

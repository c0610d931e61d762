"""Makes forms from markup: text → nodes → elements → a layout in pixels → PDF, page images and a template.

text_markup, json_markup, markdown  a source → Nodes, with what is wrong in it
vocabulary                          Nodes → Elements: known names, values of the right types, parents
layout                              Elements → shapes and template elements, in numbers
drawing                             shapes → PDF
forms                               all steps in order
people                              a form for each row of a table
"""

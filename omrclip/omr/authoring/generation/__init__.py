"""Makes forms from markup: text → nodes → elements → a layout in pixels → PDF, page images and a template.

text_markup, json_markup, markdown  a source → Nodes, with what is wrong in it
vocabulary                          the known elements: their attributes, and where they may stand
checking                            Nodes → Elements, with what is wrong in them
layout                              Elements → shapes and template elements, in numbers
drawing                             shapes → PDF
forms                               all steps in order
people                              a form for each row of a table
"""

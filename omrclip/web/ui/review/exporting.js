/** The answers of many sheets as a table, with what people put right in it; as CSV, XLSX or JSON. */

import { titleOf } from "./sheets.js";
import { workbook } from "./xlsx.js";

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Rows of text below a row of headings: per sheet how it went, which answers a person should look at, the answers as
 * they were put right, and what was typed of each clip.
 */
function tableOf(sheets, corrections) {
  const titles = (list) => [...new Set(sheets.flatMap((sheet) => list(sheet).map(titleOf)))];
  const answers = titles((sheet) => sheet.recognition?.Elements ?? []);
  const clips = titles((sheet) => sheet.clips);
  const head = ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", "Corrected", ...answers, ...clips];
  const rows = sheets.map((sheet) => {
    const elements = sheet.recognition?.Elements ?? [];
    const read = new Map(elements.map((element) => [titleOf(element), element]));
    const cut = new Map(sheet.clips.map((clip) => [titleOf(clip), clip]));
    const having = (status) => elements.filter(({ Status }) => Status === status).map(titleOf).join("; ");
    const said = (one) => (one ? corrections.of(sheet, one) : undefined);
    return [
      sheet.name,
      sheet.state === "done" ? "Pass" : "Fail",
      sheet.recognition?.Page ?? "",
      sheet.error ?? [...sheet.remarks, ...elements.filter(({ Message }) => Message).map((element) => `${titleOf(element)}: ${element.Message}`)].join(" "),
      having("uncertain"),
      having("multiple"),
      having("blank"),
      elements.filter((element) => said(element) !== undefined).map(titleOf).join("; "),
      ...answers.map((title) => said(read.get(title)) ?? read.get(title)?.Value ?? ""),
      ...clips.map((title) => said(cut.get(title)) ?? ""),
    ].map(String);
  });
  return [head, ...rows];
}

/** Comma-separated, in UTF-8 with the mark by which spreadsheets know it; no cell is a formula. */
export function asCsv(sheets, corrections) {
  const cell = (text) => {
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = tableOf(sheets, corrections).map((row) => row.map(cell).join(","));
  return new File(["\ufeff", lines.join("\r\n"), "\r\n"], "results.csv", { type: "text/csv" });
}

/** A workbook of one sheet; every cell is text, so that nothing is taken for a date or a formula. */
export const asXlsx = (sheets, corrections) => workbook(tableOf(sheets, corrections));

/** Everything that the service said of each sheet, with the corrections beside it. */
export function asJson(sheets, corrections) {
  const told = sheets.map((sheet) => {
    const named = [...(sheet.recognition?.Elements ?? []), ...sheet.clips];
    const said = named.map((one) => [titleOf(one), corrections.of(sheet, one)]).filter(([, value]) => value !== undefined);
    return { ...(sheet.recognition ?? { Name: sheet.name, Error: { message: sheet.error } }), Corrections: Object.fromEntries(said) };
  });
  return new File([JSON.stringify({ Recognitions: told }, null, 1)], "results.json", { type: "application/json" });
}

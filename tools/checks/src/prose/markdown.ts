import { CODE, mask, maskInlineCode, type Passage, type PassageKind } from './passage.ts'
import type { Source } from './source.ts'

/** Returns the paragraphs, list items, headings and table rows of a Markdown file, without code, URLs and HTML. */
export function markdownPassages(source: Source): Passage[] {
  const text = maskLinks(maskInlineCode(maskBlocks(source.text)))
  const passages: Passage[] = []
  let open: { kind: PassageKind; start: number; end: number } | undefined
  const close = (): void => {
    if (open)
      passages.push({ source, kind: open.kind, start: open.start, text: plain(text.slice(open.start, open.end)) })
    open = undefined
  }
  for (const { index: start, 0: line } of text.matchAll(/^.*$/gm)) {
    const kind = kindOf(line)
    if (kind === undefined || kind !== 'paragraph' || open?.kind !== 'paragraph' || LIST_ITEM.test(line)) close()
    if (kind === undefined) continue
    open = { kind, start: open?.start ?? start, end: start + line.length }
  }
  close()
  return passages
}

const LIST_ITEM = /^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+/

function kindOf(line: string): PassageKind | undefined {
  if (!/[\p{L}\p{N}]/u.test(line.replaceAll(CODE, 'x'))) return undefined
  if (/^#{1,6} /.test(line)) return 'heading'
  return /^[ \t>]*\|/.test(line) ? 'table' : 'paragraph'
}

/** Blanks front matter, fenced code, comments and definitions of links. */
function maskBlocks(text: string): string {
  const blocks = [
    /^---\n[\s\S]*?\n---(?=\n|$)/,
    /^[ \t>]*(```+|~~~+)[^\n]*\n(?:[\s\S]*?\n)??[ \t>]*\1[ \t]*$/gm,
    /<!--[\s\S]*?-->/g,
    /^[ \t]*\[[^\]\n]+\]:.*$/gm,
  ]
  return blocks.reduce((masked, block) => mask(masked, block, ' '), text)
}

/** Blanks HTML tags and the brackets and addresses of links, and keeps their text. */
function maskLinks(text: string): string {
  const markup = [
    /<\/?[a-z][^<>]*>/gi,
    /\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+"[^"]*")?\)/g,
    /\]\[[^\]\n]*\]/g,
    /!?\[|\]/g,
  ]
  return markup.reduce((masked, pattern) => mask(masked, pattern, ' '), text)
}

/** Blanks the marks of lists, headings, quotations, tables and emphasis. */
function plain(text: string): string {
  const markup = [/^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+|#{1,6} )?/gm, /\*+/g, /(?<!\w)_+|_+(?!\w)/g, /\|/g]
  return markup.reduce((masked, pattern) => mask(masked, pattern, ' '), text)
}

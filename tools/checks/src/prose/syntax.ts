import ts from '@typescript/typescript6'
import type { Source } from './source.ts'

/** A range of offsets; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A string or template literal, with its quotes. */
export interface StringSpan extends Span {
  /** The first argument of `describe`, `it` or `test`. */
  readonly isTitle: boolean
  /** The `${…}` of a template. */
  readonly substitutions: readonly Span[]
}

/** The parts of a file that hold prose, in the order of the text. */
export interface Syntax {
  readonly comments: readonly Span[]
  readonly strings: readonly StringSpan[]
}

/** Finds the comments and strings of a TypeScript or JavaScript file. */
export function parseSyntax({ file, text }: Source): Syntax {
  const tree = ts.createSourceFile(file, text, {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  })
  const tokens: Span[] = []
  const strings: StringSpan[] = []
  const titles = new Set<ts.Node>()
  const visit = (node: ts.Node): void => {
    if (isLiteralToken(node)) tokens.push({ start: node.getStart(tree), end: node.end })
    const title = titleOf(node)
    if (title) titles.add(title)
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const substitutions = ts.isTemplateExpression(node) ? substitutionsOf(node, tree) : []
      strings.push({ start: node.getStart(tree), end: node.end, isTitle: titles.has(node), substitutions })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { comments: commentsBetween(tokens, text), strings }
}

function isLiteralToken(node: ts.Node): boolean {
  return ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
}

const TEST_FUNCTIONS = new Set(['describe', 'it', 'test'])

/** Returns the title in `test(…)`, `test.skip(…)` and `test.each(…)(…)`. */
function titleOf(node: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(node)) return undefined
  let callee: ts.Expression = node.expression
  while (!ts.isIdentifier(callee)) {
    if (ts.isTaggedTemplateExpression(callee)) callee = callee.tag
    else if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression
    else return undefined
  }
  return TEST_FUNCTIONS.has(callee.text) ? node.arguments[0] : undefined
}

function substitutionsOf(node: ts.TemplateExpression, tree: ts.SourceFile): Span[] {
  const ends = [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ end }) => end - '${'.length)
  return node.templateSpans.map(({ literal }, at) => ({
    start: ends[at] ?? node.head.end,
    end: literal.getStart(tree) + '}'.length,
  }))
}

/** Outside of the literals, `//` and `/*` always begin a comment. */
function commentsBetween(tokens: readonly Span[], text: string): Span[] {
  const found: Span[] = []
  let from = 0
  for (const { start, end } of [...tokens, { start: text.length, end: text.length }]) {
    for (const { index, 0: comment } of text.slice(from, start).matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g)) {
      found.push({ start: from + index, end: from + index + comment.length })
    }
    from = end
  }
  return found
}

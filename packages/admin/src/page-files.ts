import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { resolve } = createRequire(import.meta.url)
const page = fileURLToPath(new URL('../page/', import.meta.url))
const NAMES = [
  'index.html',
  'main.js',
  'html.js',
  'chart.js',
  'figures.js',
  'log.js',
  'inspector.js',
  'actions.js',
  'page.css',
]

/** Files of the page by name, those of its libraries included. Other pages can serve them to compose their own. */
export const pageFiles: ReadonlyMap<string, string> = new Map([
  ...NAMES.map((name) => [name, join(page, name)] as const),
  ['lib/preact.js', join(dirname(resolve('htm')), '../preact/standalone.module.js')],
  ['lib/uplot.js', join(dirname(resolve('uplot')), 'uPlot.esm.js')],
  ['lib/uplot.css', join(dirname(resolve('uplot')), 'uPlot.min.css')],
])

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/** Returns a file's media type. */
export const mediaTypeOf = (file: string): string => TYPES[extname(file)] ?? 'application/octet-stream'

const contents = new Map<string, string>()

/** Returns a page file's text; `undefined` if no such file exists. */
export function readPageFile(name: string): { readonly text: string; readonly type: string } | undefined {
  const file = pageFiles.get(name)
  if (file === undefined) return undefined
  const text = contents.get(name) ?? readFileSync(file, 'utf8')
  contents.set(name, text)
  return { text, type: mediaTypeOf(file) }
}

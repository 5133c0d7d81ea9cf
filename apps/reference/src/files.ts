import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'

const { resolve } = createRequire(import.meta.url)
const siblingOf = (entry: string, file: string): string => join(dirname(resolve(entry)), file)
const page = join(import.meta.dirname, '../page')

/** All files that a browser may request, by path: the page's files and those of its libraries. */
export const files: ReadonlyMap<string, string> = new Map([
  ['/', join(page, 'index.html')],
  ...readdirSync(page).map((name) => [`/${name}`, join(page, name)] as const),
  ['/lib/preact.mjs', resolve('preact')],
  ['/lib/hooks.mjs', resolve('preact/hooks')],
  ['/lib/htm.mjs', siblingOf('htm', 'htm.mjs')],
  ['/lib/uplot.js', siblingOf('uplot', 'uPlot.esm.js')],
  ['/lib/uplot.css', siblingOf('uplot', 'uPlot.min.css')],
])

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}

/** Returns a file's media type. */
export const typeOf = (file: string): string => TYPES[extname(file)] ?? 'application/octet-stream'

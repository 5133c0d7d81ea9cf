import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pageFiles } from '@sync/admin/parts'

const page = join(import.meta.dirname, '../page')

/** All files that a browser may request, by path: the page's files, and the instruments of the admin page. */
export const files: ReadonlyMap<string, string> = new Map([
  ['/', join(page, 'index.html')],
  ...readdirSync(page).map((name) => [`/${name}`, join(page, name)] as const),
  ...[...pageFiles].map(([name, file]) => [`/instruments/${name}`, file] as const),
])

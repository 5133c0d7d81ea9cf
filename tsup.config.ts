import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Options } from 'tsup'

/** The part of a package.json that lists the entry points. */
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly '@sync/source': string }>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8'))

/** Builds the package in the current folder, with one JavaScript file per entry of `exports`. tsc adds the declarations. */
const options: Options = {
  entry: Object.values(manifest.exports).map((entry) => entry['@sync/source']),
  format: 'esm',
  target: 'es2024',
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
}

export default options

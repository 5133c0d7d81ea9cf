import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Options } from 'tsup'

/** The part of a package.json that says what to build. */
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly '@sync/source': string }>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8'))

/** Builds the JavaScript of the package in the current folder, one file per entry of its `exports`; tsc adds the declarations. */
const options: Options = {
  entry: Object.values(manifest.exports).map((entry) => entry['@sync/source']),
  format: 'esm',
  target: 'es2024',
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
}

export default options

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { command } from './command.ts'
import { tryPackages } from './consumer.ts'
import { type Package, publicPackages } from './workspace.ts'

/** Checks the public packages as the registry would receive them: packs, inspects, installs and uses them. */
export async function published(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sync-published-'))
  try {
    const tarballs = new Map<Package, string>()
    for (const pkg of publicPackages) tarballs.set(pkg, await pack(pkg, folder))
    const problems = await Promise.all([...tarballs.values()].map(inspect))
    return [...problems.flat(), ...(await tryPackages(join(folder, 'consumer'), tarballs))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pack(pkg: Package, folder: string): Promise<string> {
  const tarball = join(folder, `${basename(pkg.folder)}.tgz`)
  const { ok, output } = await command('pnpm', ['pack', '--out', tarball], { cwd: pkg.folder })
  if (!ok) throw new Error(`${pkg.folder}: pnpm pack failed:\n${output}`)
  return tarball
}

async function inspect(tarball: string): Promise<string[]> {
  const outcomes = [
    await command('publint', ['run', tarball, '--strict']),
    await command('attw', [tarball, '--profile', 'esm-only']),
  ]
  return outcomes.filter(({ ok }) => !ok).map(({ output }) => output)
}

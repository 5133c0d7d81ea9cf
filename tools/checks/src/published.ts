import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { command } from './command.ts'
import { tryOut } from './consumer.ts'
import { type Package, publicPackages } from './workspace.ts'

/** The public packages are right as the registry would get them: packed, inspected, installed elsewhere and used. */
export async function published(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sync-published-'))
  try {
    const tarballs = new Map<Package, string>()
    for (const one of publicPackages) tarballs.set(one, await pack(one, folder))
    const found = await Promise.all([...tarballs.values()].map(inspect))
    return [...found.flat(), ...(await tryOut(join(folder, 'consumer'), tarballs))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pack(one: Package, folder: string): Promise<string> {
  const tarball = join(folder, `${basename(one.folder)}.tgz`)
  const { ok, output } = await command('pnpm', ['pack', '--out', tarball], { cwd: one.folder })
  if (!ok) throw new Error(`${one.folder} cannot be packed\n${output}`)
  return tarball
}

async function inspect(tarball: string): Promise<string[]> {
  const outcomes = [
    await command('publint', ['run', tarball, '--strict']),
    await command('attw', [tarball, '--profile', 'esm-only']),
  ]
  return outcomes.filter(({ ok }) => !ok).map(({ output }) => output)
}

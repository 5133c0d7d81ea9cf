import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from '@typescript/typescript6'
import { command } from './command.ts'
import { compileProject, copyTypeTests } from './consumer-types.ts'
import { codeBlocks, readmes } from './readme-blocks.ts'
import { type Package, root } from './workspace.ts'

/** Installs the packed packages into a new project outside the workspace, and uses them there as a user would. */
export async function tryPackages(project: string, tarballs: ReadonlyMap<Package, string>): Promise<string[]> {
  mkdirSync(project)
  const example = firstExample()
  const typeTests = copyTypeTests(project)
  const sources = [example, ...typeTests.map((file) => readFileSync(join(project, file), 'utf8'))]
  const entries = [...tarballs.keys()].flatMap((pkg) => [...pkg.entries.keys()])
  const files = {
    'package.json': JSON.stringify({ private: true, type: 'module', dependencies: dependencies(tarballs, sources) }),
    'require.cjs': entries.map((entry) => `require('${entry}')\n`).join(''),
    'import.ts': entries.map((entry) => `import '${entry}'\n`).join(''),
    'example.ts': example,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text)

  const steps = [
    'npm install --prefer-offline --no-audit --no-fund',
    'node require.cjs',
    'node import.ts',
    'node example.ts',
  ]
  for (const step of steps) {
    const [name = '', ...args] = step.split(' ')
    const { ok, output } = await command(name, args, { cwd: project })
    if (!ok) return [`'${step}' fails in a project outside the workspace:\n${output}`]
  }
  return compileProject(project, ['import.ts', 'example.ts', ...typeTests])
}

/** Returns the packages' tarballs and the other imports of the sources, in the versions that are installed here. */
function dependencies(tarballs: ReadonlyMap<Package, string>, sources: readonly string[]): Record<string, string> {
  const ours = new Map([...tarballs].map(([{ name }, tarball]) => [name, `file:${tarball}`]))
  const others = sources
    .flatMap((source) => ts.preProcessFile(source).importedFiles)
    .map(({ fileName }) => fileName.split('/', fileName.startsWith('@') ? 2 : 1).join('/'))
    .filter((name) => !ours.has(name) && !name.startsWith('node:'))
    .map((name) => [name, installedVersion(name)] as const)
  return Object.fromEntries([...ours, ...others])
}

function installedVersion(name: string): string {
  return JSON.parse(readFileSync(join(root, 'tools/checks/node_modules', name, 'package.json'), 'utf8')).version
}

function firstExample(): string {
  const example = readmes.flatMap(codeBlocks).find(({ runnable }) => runnable)
  if (example === undefined) throw new Error('READMEs: expected at least one block fenced as ```ts run, got none')
  return example.code
}

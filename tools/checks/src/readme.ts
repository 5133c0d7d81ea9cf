import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { command } from './command.ts'
import { type CodeBlock, codeBlocks, readmes, uncheckedFences } from './readme-blocks.ts'
import { root } from './workspace.ts'

const tsconfig = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: { types: ['node'], isolatedDeclarations: false, noUnusedLocals: false },
}

/** Compiles every code block of READMEs and docs/ against the source of the workspace, and runs those marked `run`. */
export async function readme(): Promise<string[]> {
  const blocks = readmes.flatMap(codeBlocks)
  const project = mkdtempSync(join(import.meta.dirname, '../.readme-'))
  try {
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
    for (const block of blocks) writeBlock(project, block)
    const compileErrors = await compileBlocks(project)
    const failures: string[] = []
    for (const block of blocks.filter(({ runnable }) => runnable)) failures.push(...(await runBlock(project, block)))
    return [...readmes.flatMap(uncheckedFences), ...needNewNode(blocks), ...compileErrors, ...failures]
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

const fileOf = (project: string, { file, line }: CodeBlock): string => join(project, `${file}.${line}.ts`)

/** Writes a block below empty lines, so that line numbers in messages are those of the page. */
function writeBlock(project: string, block: CodeBlock): void {
  const file = fileOf(project, block)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '\n'.repeat(block.line) + block.code)
}

async function compileBlocks(project: string): Promise<string[]> {
  const { ok, output } = await command('tsc', ['--pretty', 'false'], { cwd: project })
  return ok ? [] : [output.replaceAll(/^(\S+)\.\d+\.ts\((\d+),(\d+)\)/gm, '$1:$2:$3')]
}

/** The oldest Node that the packages support. It strips types with a flag, and rejects `await using`. */
const OLDEST_NODE = join(root, 'tools/checks/node_modules/node-minimum/bin/node')
const needsNewNode = ({ code }: CodeBlock): boolean => /^\s*await using /m.test(code)

/** Reports READMEs whose first example does not run on every supported Node: a newcomer tries that one first. */
function needNewNode(blocks: readonly CodeBlock[]): string[] {
  const first = new Map<string, CodeBlock>()
  for (const block of blocks) if (!first.has(block.file)) first.set(block.file, block)
  return [...first.values()]
    .filter((block) => /README\.md$|quick-start\.md$/.test(block.file) && needsNewNode(block))
    .map(
      ({ file, line }) =>
        `${file}:${line}: expected close() in the first example, got \`await using\`, which needs Node 24`,
    )
}

async function runBlock(project: string, block: CodeBlock): Promise<string[]> {
  const file = fileOf(project, block)
  const oldest = [OLDEST_NODE, '--experimental-strip-types', '--disable-warning=ExperimentalWarning'] as const
  const runtimes = needsNewNode(block) ? [['node'] as const] : [['node'] as const, oldest]
  const failures: string[] = []
  for (const [node, ...flags] of runtimes) {
    const args = [...flags, '--conditions=@sync/source', file]
    const { ok, output } = await command(node, args, { timeout: 60_000 })
    if (!ok)
      failures.push(
        `${block.file}:${block.line}: the example fails on ${node}:\n${output.replaceAll(file, block.file)}`,
      )
  }
  return failures
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { command } from './command.ts'
import { type CodeBlock, codeBlocks, readmes, uncheckedFences } from './readme-blocks.ts'

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
    return [...readmes.flatMap(uncheckedFences), ...compileErrors, ...failures]
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

async function runBlock(project: string, block: CodeBlock): Promise<string[]> {
  const file = fileOf(project, block)
  const { ok, output } = await command('node', ['--conditions=@sync/source', file], { timeout: 60_000 })
  return ok ? [] : [`${block.file}:${block.line}: the example fails:\n${output.replaceAll(file, block.file)}`]
}

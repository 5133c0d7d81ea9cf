import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

/** Markdown page for users: a README, or a page of docs/. */
export interface Readme {
  /** Path relative to the root of the repository. */
  readonly file: string
  readonly text: string
}

/** Block of TypeScript in a page. */
export interface CodeBlock {
  readonly file: string
  /** Line of the opening fence. */
  readonly line: number
  readonly code: string
  /** True if the block is fenced as `ts run`: the check also executes it, and it must succeed. */
  readonly runnable: boolean
}

/** All READMEs and the pages of docs/, beginning with the repository's README. */
export const readmes: readonly Readme[] = globSync('{README.md,docs/**/*.md,packages/*/README.md}', { cwd: root })
  .sort()
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

/** Returns the blocks of TypeScript in a page. */
export function codeBlocks({ file, text }: Readme): CodeBlock[] {
  return [...text.matchAll(/^```ts( run)?\n(.*?)^```$/gms)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    code: match[2] ?? '',
    runnable: match[1] !== undefined,
  }))
}

/** Reports fences that the check would miss: TypeScript and JavaScript must be fenced as `ts` or `ts run`. */
export function uncheckedFences({ file, text }: Readme): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*(```+|~~~+)\s*([cm]?[jt]sx?|typescript|javascript)\b/i.test(line) && !/^```ts( run)?$/.test(line)
        ? [`${file}:${index + 1}: expected \`\`\`ts or \`\`\`ts run, got ${line.trim()}`]
        : [],
    )
}

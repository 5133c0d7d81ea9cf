import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

/** A Markdown page for users of the packages: a README, or a page of docs/. */
export interface Readme {
  /** Relative to the root. */
  readonly file: string
  readonly text: string
}

/** One block of TypeScript in a page. */
export interface CodeBlock {
  readonly file: string
  /** The line of its opening fence. */
  readonly line: number
  readonly code: string
  /** Fenced as `ts run`: it is executed too, and must end well. */
  readonly runnable: boolean
}

/** All READMEs and the pages of docs/, the README of the repository first. */
export const readmes: readonly Readme[] = globSync('{README.md,docs/**/*.md,packages/*/README.md}', { cwd: root })
  .sort()
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

/** The blocks of TypeScript in a page. */
export function codeBlocks({ file, text }: Readme): CodeBlock[] {
  return [...text.matchAll(/^```ts( run)?\n(.*?)^```$/gms)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    code: match[2] ?? '',
    runnable: match[1] !== undefined,
  }))
}

/** Fences that would get code past the check: TypeScript and JavaScript are fenced as `ts` or `ts run`, nothing else. */
export function uncheckedFences({ file, text }: Readme): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*(```+|~~~+)\s*([cm]?[jt]sx?|typescript|javascript)\b/i.test(line) && !/^```ts( run)?$/.test(line)
        ? [`${file}:${index + 1}: write \`\`\`ts or \`\`\`ts run in place of ${line.trim()}`]
        : [],
    )
}

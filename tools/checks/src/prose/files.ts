import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'fixtures'])
const HIDDEN_FOLDERS = new Set(['.changeset', '.github'])
const SAMPLES = /^tools\/checks\/src\/prose\/.*\.test\.ts$/

/** Lists the files with prose below `root`, relative to it; the test samples of these rules are left out. */
export function proseFiles(root: string): string[] {
  const files: string[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && isVisited(entry.name)) visit(path)
      if (entry.isFile() && /\.(?:ts|js|md|lua)$/.test(entry.name) && !SAMPLES.test(path)) files.push(path)
    }
  }
  visit('')
  return files.sort()
}

function isVisited(folder: string): boolean {
  return !SKIPPED_FOLDERS.has(folder) && (!folder.startsWith('.') || HIDDEN_FOLDERS.has(folder))
}

/** True if `file` is one of `paths` or below one of them; every file is, if there are no paths. */
export function isSelected(file: string, paths: readonly string[]): boolean {
  return paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path}/`) || path === '.')
}

import { messageOf } from './errors.ts'

/** Codes of a module that cannot be found: by `import`, and by `require` or a bundler. */
const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/**
 * Describes for a message why a package could not be imported. Only this package's own absence counts as "not installed", not that of
 * a package that it imports.
 */
export function describeImportFailure(name: string, cause: unknown): string {
  const message = messageOf(cause)
  const isMissing =
    typeof cause === 'object' &&
    cause !== null &&
    'code' in cause &&
    NOT_FOUND.includes(cause.code) &&
    message.includes(`'${name}'`)
  return isMissing
    ? `the package ${name} is not installed; run npm install ${name}`
    : `the package ${name} cannot be loaded: ${message}`
}

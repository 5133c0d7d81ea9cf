/** Layers of packages, lowest first. A package imports only from the rows above its own, and not from its own row. */
export const packageLayers: readonly (readonly string[])[] = [
  ['packages/core', 'tools/command-line'],
  ['packages/redis', 'packages/nats', 'packages/kafka'],
  ['packages/config'],
  ['packages/conformance'],
  ['tools/brokers'],
  ['tools/*'],
  ['apps/feed'],
  ['apps/*'],
  ['examples/*'],
]

/**
 * Layers of the folders in a package's `src`, lowest first. A file imports from its own folder and from those before it.
 * Files directly in `src` are above all folders. Tests may import everything.
 */
export const folderLayers: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [
    'model',
    'patch',
    'versioning',
    'merge',
    'transport',
    'replica',
    'collection',
    'service',
    'recording',
    'memory',
    'testing',
  ],
  'packages/conformance': ['checkers', 'harness', 'context', 'rules', 'run', 'mutants'],
}

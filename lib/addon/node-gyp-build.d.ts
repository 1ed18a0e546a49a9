// The package has no types of its own.
declare module 'node-gyp-build' {
  /** Loads the addon of the package in this folder: one built there, else a prebuilt one. */
  export default function load(packageFolder: string): unknown
}

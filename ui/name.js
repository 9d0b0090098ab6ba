// Owns what the names of accounts and the parts of repositories' names look like, as the registry itself demands.
//
// Exports
//   isName(text)     whether it is one

const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

export const isName = (text) => NAME.test(text);

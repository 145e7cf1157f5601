// Hands a file to the browser. `props.value` is JSON: {number, name, type, data (base64)}. Nothing
// of it is kept on the server.
let last = 0;

watch('value', () => {
  if (!props.value) return;
  const file = JSON.parse(props.value);
  if (file.number === last) return;
  last = file.number;
  const bytes = Uint8Array.from(atob(file.data), (letter) => letter.charCodeAt(0));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: file.type }));
  link.download = file.name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});

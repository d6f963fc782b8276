// Connects to a host at an address, and checks its certificate: connect ADDRESS HOST.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	if _, err := tls.Dial("tcp", os.Args[1], &tls.Config{ServerName: os.Args[2]}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("trusted")
}

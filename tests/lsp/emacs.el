;;; emacs.el --- leash in Emacs, by eglot  -*- lexical-binding: t -*-
;;
;;     emacs --batch -l emacs.el FILE
;;
;; $LEASH is the tool, $EXPECT a file "LINE RULE" of what leash must find (lines from 1).  Says what
;; does not hold, and ends with status 1 then.
(require 'package)
(package-initialize)
(require 'eglot)
(require 'flymake)

(defconst patience 60 "Seconds.")

(defun fail (format &rest arguments)
  (message "emacs: %s" (apply #'format format arguments))
  (kill-emacs 1))

(defun found ()
  "What is shown of the buffer, as sorted \"LINE RULE\"."
  (sort (mapcar (lambda (diagnostic)
                  (let ((text (flymake-diagnostic-text diagnostic)))
                    (format "%d %s" (line-number-at-pos (flymake-diagnostic-beg diagnostic))
                            (if (string-match "\\[\\([a-z-]+\\)\\]" text) (match-string 1 text)
                              text))))
                (flymake-diagnostics))
        #'string<))

(defun wait-for (expected what)
  (let ((end (+ (float-time) patience)))
    (while (and (not (equal (found) expected)) (< (float-time) end))
      (accept-process-output nil 0.05)
      (flymake-start)))
  (unless (equal (found) expected)
    (fail "%s: expected %S, found %S" what expected (found))))

(let* ((file (car command-line-args-left))
       (expected (sort (with-temp-buffer
                         (insert-file-contents (getenv "EXPECT"))
                         (split-string (buffer-string) "\n" t))
                       #'string<)))
  (setq command-line-args-left nil)
  (add-to-list 'eglot-server-programs `(c-mode . (,(getenv "LEASH") "lsp")))
  (find-file file)
  (apply #'eglot (eglot--guess-contact))
  (wait-for expected "as opened")
  (goto-char (point-min))
  (insert "/* grüße 😀 */ int first;\n")
  (run-hooks 'post-command-hook)
  (eglot--signal-textDocument/didChange)
  (wait-for (sort (mapcar (lambda (line)
                            (string-match "^\\([0-9]+\\)\\(.*\\)$" line)
                            (format "%d%s" (1+ (string-to-number (match-string 1 line)))
                                    (match-string 2 line)))
                          expected)
                  #'string<)
            "a line further down")
  (eglot-shutdown (eglot-current-server)))
